-- Closures, upvalues, recursion, varargs, sorting with comparison functions.
local function counter(step)
  local n = 0
  return function() n = n + step; return n end, function() return n end
end
local up, peek = counter(3)
for _ = 1, 100000 do up() end
print(peek(), select("#", up(), peek()))

local list = {}
for i = 1, 10 do list[i] = function() i = i + 1; return i end end
print(list[1](), list[1](), list[10](), list[2]())

local function compose(...)
  local functions = { ... }
  return function(x)
    for i = #functions, 1, -1 do x = functions[i](x) end
    return x
  end
end
local add, double = function(x) return x + 1 end, function(x) return x * 2 end
print(compose(add, double, add)(5), compose()(7))

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(27))
local memo = setmetatable({}, { __index = function(t, n)
  local value = n < 2 and n or t[n - 1] + t[n - 2]
  t[n] = value
  return value
end })
print(memo[90])

local function tail(n, acc) if n == 0 then return acc end return tail(n - 1, acc + n) end
print(tail(1000000, 0))
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
print(deep(15000), pcall(function() local function f() return 1 + f() end return f() end) == false)

local function sum(...)
  local total = 0
  for i = 1, select("#", ...) do total = total + (select(i, ...)) end
  return total, ...
end
print(sum(1, 2, 3), (sum(4, 5)), table.pack(sum(6, nil and 1 or 7)).n)
print(table.unpack({ 1, 2, 3, 4 }, 2, 3), #table.pack(table.unpack({}, 1, 200)))

local seed = 42
local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n end
local data = {}
for i = 1, 50000 do data[i] = { key = random(1000), index = i } end
table.sort(data, function(a, b) if a.key ~= b.key then return a.key < b.key end return a.index < b.index end)
local check = 0
for i, item in ipairs(data) do check = (check * 31 + item.index) % 1000000007 end
print(check, data[1].key, data[50000].key)
print(pcall(table.sort, { 3, 1, "x" }))
local text = {}
for i = 1, 200 do text[i] = tostring(random(100000)) end
table.sort(text)
print(table.concat(text, ",", 1, 20), #table.concat(text))
do
  local numbers = { 5, 2, 8 }
  table.insert(numbers, 1, 9); table.insert(numbers, 4); print(table.remove(numbers), table.remove(numbers, 1), #numbers)
  print(table.concat(table.move(numbers, 1, 3, 2), " "))
end
goto done
print("not reached")
::done::
for i = 10, 1, -3 do io.write(i, " ") end
for x = 0.0, 1.0, 0.25 do io.write(x, " ") end
print()
