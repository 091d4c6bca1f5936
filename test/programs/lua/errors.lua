-- Errors: levels, values, tracebacks, handlers that fail, stack overflow, out of memory, the debug library.
print(pcall(error), pcall(error, nil), pcall(error, "plain", 0), pcall(error, setmetatable({}, { __tostring = function() return "object" end })) == false)
local function thrower(level) error("at level " .. level, level) end
local function caller(level) thrower(level) end
for level = 0, 3 do print(pcall(caller, level)) end
print(select(2, pcall(function() local t; t.x = 1 end)))
print(select(2, pcall(function() local t = {}; t.x.y = 1 end)))
print(select(2, pcall(function() undefinedFunction() end)))
print(select(2, pcall(function() return #5 end)), select(2, pcall(function() return -{} end)))
print(select(2, pcall(function() return ("x")() end)), select(2, pcall(function() return 1 < "2" end)))
print(select(2, pcall(function() return math.tointeger({}) end)), select(2, pcall(string.rep)))
print(select(2, pcall(setmetatable, 1, {})), select(2, pcall(ipairs)), select(2, pcall(tonumber, "10", 99)))
print(select(2, pcall(next, {}, "nokey")), select(2, pcall(table.concat, { 1, {}, 3 })))
print(xpcall(function() error("handled") end, function(message) return "handler: " .. message end))
print(xpcall(function() error("first") end, function() error("second") end))
print((xpcall(function(...) return ... end, print, 1, 2)))
print(xpcall(function() local x = nil + 1 end, debug.traceback))
local function level3() error("deep", 2) end
local function level2() level3() end
local function level1() level2() end
print(select(2, xpcall(level1, function(m) return debug.traceback(m, 1) end)))
local ok, message = pcall(function() local function f(n) return f(n + 1) + 1 end return f(1) end)
print(ok, message)
print(pcall(string.rep, "x", 1 << 40))
local nested = 0
local function recover(n) if n == 0 then error("innermost", 0) end
  local good, why = pcall(recover, n - 1)
  nested = nested + 1
  error(why .. "<" .. n, 0)
end
print(pcall(recover, 20), nested)
local caught = 0
for i = 1, 100000 do if not pcall(error, i) then caught = caught + 1 end end
print(caught)
print(load("x = = 1"), load("for i = 1 do end"), load("goto nowhere"), load("'unfinished"), load("x = }"), load("break"))
print(type(load(function() return nil end)), load("return 1 .. "))
local info = debug.getinfo(thrower, "Sl")
print(info.what, info.linedefined, info.short_src, debug.getinfo(print).what, debug.getinfo(1, "l").currentline)
local hooks = 0
debug.sethook(function() hooks = hooks + 1 end, "l")
for i = 1, 5 do
  local x = i
end
debug.sethook()
print(hooks > 5, debug.getlocal(1, 1), (debug.getupvalue(caller, 1)))
assert(true)
print(pcall(assert, false), pcall(assert, nil, "asserted"), pcall(assert, false, { 1 }) == false, select("#", assert(1, 2, 3)))
warn("@on"); warn("a ", "warning")
local t = setmetatable({}, { __index = function(_, k) error("no field " .. k, 2) end })
print(pcall(function() return t.missing end))
error("the end, not caught")
