-- Files: every mode, read formats, seeking, buffering, lines, temporary files, errors.
local name = "lua-test.txt"
local file = assert(io.open(name, "w"))
print(io.type(file), io.type(io.stdout), io.type(42))
for i = 1, 20000 do file:write(i, " ", i * 0.5, " line ", ("x"):rep(i % 50), "\n") end
print(file:seek("cur") > 0, file:close(), io.type(file), pcall(file.write, file, "x") == false)
local lines, bytes = 0, 0
for line in io.lines(name) do lines = lines + 1; bytes = bytes + #line end
print(lines, bytes)
local sum = 0
for n, half, word in io.lines(name, "n", "n", "l") do sum = sum + n + half + #word end
print(sum)

file = assert(io.open(name, "rb"))
local size = file:seek("end")
print(size, file:seek("set", 100), #file:read(10), file:seek("cur", -5), file:read("L"))
file:seek("set")
local blocks = 0
while true do
  local block = file:read(4096)
  if not block then break end
  blocks = (blocks * 31 + #block + block:byte(1)) % 1000003
end
print(blocks, file:read(0), file:read("a"), file:read("l"))
file:close()

file = assert(io.open(name, "r+b"))
file:seek("set", 10)
file:write("<inserted>")
file:seek("set", 0)
print(file:read(30))
file:close()
file = assert(io.open(name, "ab"))
file:write("\nappended\n")
file:close()
file = assert(io.open(name, "rb"))
file:seek("end", -11)
print((file:read("a"):gsub("\n", "$")))
file:close()

file = assert(io.open("binary.bin", "wb"))
for i = 0, 255 do file:write(string.char(i)) end
file:write("a\r\nb\nc\x1ad\r\n")
file:close()
for _, mode in ipairs({ "r", "rb" }) do
  file = io.open("binary.bin", mode)
  local all = file:read("a")
  print(mode, #all, all:byte(-1), all:byte(12), all:byte(11))
  file:close()
end
file = io.open("text.txt", "w")
file:write("one\ntwo\r\nthree")
file:close()
file = io.open("text.txt", "rb")
print(("%q"):format(file:read("a")))
file:close()
file = io.open("text.txt")
print(file:read("l", "L", "l", "l"))
file:close()

local buffered = io.open("buffered.txt", "w")
for _, mode in ipairs({ "no", "full", "line" }) do print(buffered:setvbuf(mode, 64)); buffered:write(mode, "\n", 1, 2.5, "\n") end
buffered:flush()
print(io.open("buffered.txt"):read("a"))
buffered:close()
print(io.open("missing/file"), pcall(io.open, "x", "q"))
print(pcall(io.lines, "missing"))
print(os.rename("text.txt", "renamed.txt"), os.rename("text.txt", "other"), io.open("text.txt"))
print(os.remove("renamed.txt"), os.remove("renamed.txt"))
local temporary = io.tmpfile()
temporary:write("temporary ", 42)
temporary:seek("set")
print(temporary:read("a"))
temporary:close()
io.output("output.txt"):write("through io.output")
io.close()
io.output(io.stdout)
io.input("output.txt")
print(io.read("a"))
io.close(io.input())
io.input(io.stdin)
for line in io.stdin:lines() do io.write("<", line, ">") end
print(io.read("l"), io.read(0), io.read("n"))
io.stderr:write("written to the error stream\n")
print(os.getenv("NO_SUCH_VARIABLE"), type(os.time()), os.time({ year = 2024, month = 2, day = 29, hour = 12 }) - os.time({ year = 2024, month = 2, day = 28, hour = 12 }))
print(os.date("!%Y-%m-%d %H:%M:%S %a %A %b %B %j %p %y %%", 1709210096), os.date("!*t", 0).year, type(os.clock()), os.difftime(10, 4))
