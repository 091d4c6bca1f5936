-- Patterns, gsub with every kind of replacement, string functions and utf8.
local text = "The year 2024: Ada <ada@example.org> met Alan (alan@example.com) at 10:45:07; balance -12.50 EUR."

for name, host in text:gmatch("(%w+)@([%w.]+)") do print(name, host) end
for h, m, s in text:gmatch("(%d%d):(%d%d):(%d%d)") do print(tonumber(h) * 3600 + m * 60 + s) end
print(text:find("(%b())"), text:match("%b<>"), text:find("%f[%w]met%f[%W]"))
print(text:find("[", 1, true), text:find(":", -20, true), text:match("^The (%a+) ()"))
print((text:gsub("%a+", string.upper, 5)))
print((text:gsub("(%w+)@", { ada = "lovelace at ", alan = false })))
print(text:gsub("[aeiou]", "%0%0"))
print(("hello world"):gsub("(o)( ?)(w?)", "<%3%2%1>"))
print(("x = 1, y = 22"):gsub("(%w+) = (%w+)", "%2 = %1"))
print(("%d%%"):format(50), ("a.b-c"):gsub("%p", "%%"), ("  trim  "):match("^%s*(.-)%s*$") .. "|")
print(pcall(string.rep, "x", -1), pcall(string.gsub, "a", "(", ""), pcall(string.find, "a", "%"))
print(pcall(string.gsub, "abc", "b", "%2"), pcall(string.match, "a", "[a"))
print(("abc\0def"):len(), ("abc\0def"):byte(4, -1), ("a\0b"):find("\0", 1, true), ("%z"):rep(3, ","))

local words, order = {}, {}
local source = ("the cat sat on the mat while the dog ran round and round the cat "):rep(2000)
for word in source:gmatch("%a+") do
  if not words[word] then words[word] = 0; order[#order + 1] = word end
  words[word] = words[word] + 1
end
table.sort(order, function(a, b) return words[a] > words[b] or words[a] == words[b] and a < b end)
for _, word in ipairs(order) do io.write(word, "=", words[word], " ") end
print()

local function matches(n) return ("a?"):rep(n) .. ("a"):rep(n) end
print(("a"):rep(18):match(matches(18)))
print(#("x"):rep(100000):gsub("x", "yz"), select(2, ("ab"):rep(50000):gsub("b", "")))
print(("héllo wörld ✓ 𝄞"):len(), utf8.len("héllo wörld ✓ 𝄞"), utf8.char(72, 228, 8364, 0x1d11e))
for position, code in utf8.codes("aé✓𝄞") do io.write(position, ":", code, " ") end
print(utf8.codepoint("aé✓", 1, -1), utf8.offset("aé✓", 3), utf8.len("\xff"))
for c in ("né"):gmatch(utf8.charpattern) do io.write("[", c, "]") end
print(("reverse"):reverse(), ("MiXed"):lower(), ("MiXed"):upper(), ("sub"):sub(-2, 10), ("%5.1s|"):format("long"))
print(("%q"):format('quo"ted\n\0 \r\x7f'), ("%q"):format(1 / 3), ("%q"):format(math.mininteger))
