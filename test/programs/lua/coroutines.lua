-- Coroutines: generators, producers, errors across them, wrap, close, yields through pcall and metamethods.
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local total = 0
for i in range(200000) do total = total + i end
print(total)

local function permutations(list)
  return coroutine.wrap(function()
    local function go(n)
      if n == 0 then coroutine.yield(list) return end
      for i = 1, n do
        list[n], list[i] = list[i], list[n]
        go(n - 1)
        list[n], list[i] = list[i], list[n]
      end
    end
    go(#list)
  end)
end
local count, last = 0
for p in permutations({ 1, 2, 3, 4, 5, 6, 7 }) do count = count + 1; last = table.concat(p) end
print(count, last)

local function filter(source, test)
  return coroutine.wrap(function() for x in source do if test(x) then coroutine.yield(x) end end end)
end
local function sieve(n)
  local source = coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end)
  local primes = {}
  while true do
    local p = source()
    if not p then break end
    primes[#primes + 1] = p
    source = filter(source, function(x) return x % p ~= 0 end)
  end
  return primes
end
local primes = sieve(200)
print(#primes, primes[#primes])

local co = coroutine.create(function(a, b)
  print("started", a, b)
  local c = coroutine.yield(a + b)
  print("resumed", c)
  local d, e = coroutine.yield(c * 2)
  print("again", d, e)
  return "finished", 99
end)
print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co, 10))
print(coroutine.resume(co, "x", "y"))
print(coroutine.status(co), coroutine.resume(co))

print((coroutine.resume(coroutine.create(function() error({ code = 5 }) end))))
print(select(2, coroutine.resume(coroutine.create(function() error("message", 0) end))))
local through = coroutine.wrap(function()
  local ok, message = pcall(function()
    coroutine.yield("inside pcall")
    error("after the yield", 0)
  end)
  coroutine.yield(tostring(ok) .. " " .. message)
  local object = setmetatable({}, { __add = function(a, b) return coroutine.yield("in __add") end,
    __lt = function() return coroutine.yield("in __lt") end })
  coroutine.yield(object + 1)
  return object < object
end)
print(through(), through(), through(), through("sum"), through(), through(true))
print(pcall(through))
print(coroutine.isyieldable(), coroutine.running() ~= nil, select(2, coroutine.running()))

local closing = coroutine.create(function()
  local guard <close> = setmetatable({}, { __close = function(_, e) print("closed", e) end })
  coroutine.yield(1)
end)
coroutine.resume(closing)
print(coroutine.close(closing), coroutine.status(closing))

local threads = {}
for i = 1, 3000 do
  threads[i] = coroutine.create(function() local n = i; while true do n = n + (coroutine.yield(n) or 0) end end)
end
local result = 0
for round = 1, 20 do
  for i = 1, #threads do
    local _, n = coroutine.resume(threads[i], round)
    result = (result + n) % 1000003
  end
end
print(result)
local function nest(depth) if depth == 0 then return "bottom" end return coroutine.wrap(function() return nest(depth - 1) end)() end
print(nest(50))
