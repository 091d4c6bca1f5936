-- Metatables: inheritance, operators, proxies, to-be-closed variables, environments.
local Animal = {}
Animal.__index = Animal
function Animal.new(name, sound) return setmetatable({ name = name, sound = sound }, Animal) end
function Animal:speak() return self.name .. " says " .. self.sound end
local Dog = setmetatable({}, { __index = Animal })
Dog.__index = Dog
function Dog.new(name) local dog = Animal.new(name, "woof"); dog.tricks = {}; return setmetatable(dog, Dog) end
function Dog:learn(trick) self.tricks[#self.tricks + 1] = trick; return self end
function Dog:show() return self:speak() .. " and does " .. table.concat(self.tricks, ", ") end
print(Dog.new("Rex"):learn("sit"):learn("roll"):show(), Animal.new("Tom", "miaow"):speak())

local Vector = {}
Vector.__index = Vector
local function vector(x, y) return setmetatable({ x = x, y = y }, Vector) end
Vector.__add = function(a, b) return vector(a.x + b.x, a.y + b.y) end
Vector.__sub = function(a, b) return vector(a.x - b.x, a.y - b.y) end
Vector.__mul = function(a, b)
  if type(a) == "number" then return vector(a * b.x, a * b.y) end
  if type(b) == "number" then return vector(a.x * b, a.y * b) end
  return a.x * b.x + a.y * b.y
end
Vector.__unm = function(a) return vector(-a.x, -a.y) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Vector.__lt = function(a, b) return a.x < b.x end
Vector.__le = function(a, b) return a.x <= b.x end
Vector.__len = function(a) return 2 end
Vector.__concat = function(a, b) return tostring(a) .. "~" .. tostring(b) end
Vector.__call = function(a, n) return a.x ^ n + a.y ^ n end
Vector.__tostring = function(a) return "(" .. a.x .. ", " .. a.y .. ")" end
Vector.__idiv = function(a, n) return vector(a.x // n, a.y // n) end
Vector.__band = function() return "band" end
Vector.__shl = function(a, n) return vector(a.x << n, a.y << n) end
Vector.__bnot = function() return "bnot" end
Vector.__name = "Vector"
local a, b = vector(3, 4), vector(1, 2)
print(tostring(a + b), tostring(a - b), a * b, tostring(2 * a), tostring(a * 2), tostring(-a), a == vector(3, 4), a < b, a <= b, a ~= b)
print(#a, a .. b, a .. "s", "s" .. a, a(2), tostring(a // 2), a & 1, tostring(a << 2), ~a, rawequal(a, vector(3, 4)))
local total = vector(0, 0)
for i = 1, 200000 do total = total + vector(i, -i) * 0.5 end
print(tostring(total))

local log = {}
local proxy = setmetatable({}, {
  __index = function(_, key) log[#log + 1] = "get " .. key; return key .. "!" end,
  __newindex = function(t, key, value) log[#log + 1] = "set " .. key; rawset(t, key, value) end,
  __pairs = function() return function(_, n) n = (n or 0) + 1; if n < 4 then return n, n * n end end end,
  __metatable = "locked",
})
proxy.a = 1
print(proxy.a, proxy.b, table.concat(log, ";"), getmetatable(proxy), pcall(setmetatable, proxy, {}))
for k, v in pairs(proxy) do io.write(k, "=", v, " ") end
print()
local chain = {}
for i = 1, 50 do chain = setmetatable({ ["level" .. i] = i }, { __index = chain }) end
print(chain.level1, chain.level50, chain.level51)

do
  local function closable(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
  local ok, message = pcall(function()
    local first <close> = closable("first")
    local second <close> = closable("second")
    local constant <const> = 5
    error("oops " .. constant, 0)
  end)
  print(ok, message)
  for i = 1, 2 do local each <close> = closable("each " .. i) if i == 1 then goto continue end ::continue:: end
end
local environment = setmetatable({}, { __index = _G })
local chunk = load("x = 10; y = (x or 0) + 1; return x + y, _ENV ~= nil", "chunk", "t", environment)
print(chunk(), environment.x, x, rawget(_G, "y"))
local dumped = string.dump(function(n) return n * 2 + 1 end)
print(load(dumped, "binary", "b")(20), load(dumped, "binary", "t"))
print(type(load("return ...")), load("syntax error here"))
print(next({}, nil), type(next), rawget(setmetatable({}, { __index = { z = 1 } }), "z"), #setmetatable({}, { __len = function() return 42 end }))
