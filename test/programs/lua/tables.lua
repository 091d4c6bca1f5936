-- Two million tables alive at once, then arrays and hashes that grow and shrink.
local count = 2000000
local list
for i = 1, count do list = { next = list, value = i } end
local sum, length = 0, 0
local node = list
while node do
  sum = sum + node.value
  length = length + 1
  node = node.next
end
print(length, sum)
list, node = nil, nil
collectgarbage()
print(collectgarbage("count") < 5000)

local array = {}
for i = 1, 300000 do array[i] = i * i % 1009 end
local hash = {}
for i = 1, 100000 do hash["key" .. i % 30000] = i; hash[i * 1.5] = i; hash[-i] = true end
local n, numbers = 0, 0
for key, value in pairs(hash) do n = n + 1; if type(value) == "number" then numbers = numbers + value end end
print(#array, n, numbers)
for i = 1, 100000 do hash[-i] = nil end
n = 0
for _ in pairs(hash) do n = n + 1 end
print(n, hash["key29999"], hash[1.5], hash[3])

local size = 120
local function matrix(f)
  local m = {}
  for i = 1, size do m[i] = {}; for j = 1, size do m[i][j] = f(i, j) end end
  return m
end
local a, b = matrix(function(i, j) return i + j end), matrix(function(i, j) return i - j end)
local c = matrix(function(i, j)
  local s = 0
  for k = 1, size do s = s + a[i][k] * b[k][j] end
  return s
end)
print(c[1][1], c[60][61], c[size][size])
local queue, first, past = {}, 1, 1
for i = 1, 200000 do
  queue[past] = i; past = past + 1
  if i % 3 ~= 0 then queue[first] = nil; first = first + 1 end
end
print(past - first, queue[first], #{ 1, 2, nil, 4 } >= 2, next({}), rawlen({ 1, 2 }), rawequal(a, a))
