-- Pressure on the collector: garbage in all sizes, weak tables, finalizers, both modes, resurrected objects.
local finalized = 0
local meta = { __gc = function(object) finalized = finalized + object.weight end }
local function garbage(rounds)
  local kept = {}
  for i = 1, rounds do
    local t = { i, tostring(i), { i } }
    kept[i % 100 + 1] = t
    if i % 50 == 0 then setmetatable({ weight = 1 }, meta) end
    if i % 1000 == 0 then kept.text = ("x"):rep(i % 20000) end
  end
  return kept
end
for _, mode in ipairs({ "incremental", "generational" }) do
  collectgarbage(mode)
  finalized = 0
  local kept = garbage(200000)
  kept = nil
  collectgarbage()
  collectgarbage()
  print(mode, finalized, collectgarbage("count") < 20000)
end
collectgarbage("incremental", 100, 400)

local weak = setmetatable({}, { __mode = "v" })
local strong = {}
for i = 1, 20000 do
  local object = { i }
  weak[i] = object
  if i % 10 == 0 then strong[#strong + 1] = object end
end
collectgarbage()
local alive = 0
for i = 1, 20000 do if weak[i] then alive = alive + 1 end end
print(alive, #strong, weak[10][1], weak[11])
local keys = setmetatable({}, { __mode = "k" })
for i = 1, 5000 do local key = {}; keys[key] = { key } end
collectgarbage()
print(next(keys))

local order = {}
for i = 1, 5 do setmetatable({}, { __gc = function() order[#order + 1] = i end }) end
collectgarbage()
print(table.concat(order, " "))
local saved
do local object = setmetatable({ name = "risen" }, { __gc = function(o) saved = o end }) end
collectgarbage()
print(saved and saved.name)
local long = {}
for i = 1, 3000 do long[i] = ("line " .. i .. " "):rep(30) end
print(#table.concat(long))
local text = ""
for i = 1, 4000 do text = text .. i end
print(#text, collectgarbage("step", 1000000), collectgarbage("isrunning"))
collectgarbage("stop")
garbage(2000)
collectgarbage("restart")
print(pcall(setmetatable({}, { __gc = true, __call = function(_, a) return a end }), "called"))
setmetatable({}, { __gc = function() print("at the end") end })
