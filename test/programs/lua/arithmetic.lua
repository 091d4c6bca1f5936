-- Integers and floats: overflow, division, bits, conversions, the mathematics library, packing.
print(math.maxinteger + 1 == math.mininteger, math.mininteger // -1, math.mininteger % -1, 7 // -2, -7 // 2, 7 % -3, -7 % 3)
print(7.5 // 2, -7.5 // 2, 7.5 % -2, -7.5 % 2, 5.3 % math.huge, -5.3 % math.huge, 0.0 / 0.0 ~= 0.0 / 0.0, 1 // 0.0, pcall(function() return 1 // 0 end))
print(1 << 62, 1 << 63, 1 << 64, -1 >> 1, ~0, 5 & 3, 5 | 3, 5 ~ 3, "10" + 5, "0x10" * 2, 10 .. 20, 2 ^ 10, 2.0 | 1)
print(pcall(function() return 1.5 | 1 end), pcall(function() return "a" + 1 end), pcall(function() return {} < {} end))
print(1 == 1.0, math.type(1), math.type(1.0), math.type("1"), 2 ^ 53 == 2 ^ 53 + 1, math.maxinteger + 0.0 == math.maxinteger, 1 < 1.5, -0.0 == 0.0)
print(math.floor(-3.5), math.ceil(-3.5), math.floor(1e300), math.abs(math.mininteger), math.fmod(-7, 3), math.fmod(7, -3), math.modf(-3.7))
print(math.tointeger("8"), math.tointeger(3.0), math.tointeger(3.5), math.ult(1, -1), math.max(1, 2.5, -1), math.min(3, 1, 2))
print(("%.14g %.14g %.14g %.14g"):format(math.sqrt(2), math.exp(1), math.log(10), math.log(8, 2)))
print(("%.12g %.12g %.12g %.12g"):format(math.sin(1), math.cos(1), math.tan(1), math.atan(1, -2)))
print(("%.12g %.12g %.12g"):format(math.asin(0.5), math.acos(0.5), math.log(1000, 10)), 10 ^ -2, 2 ^ 0.5, (-8) ^ (1 / 3) ~= (-8) ^ (1 / 3))
math.randomseed(42)
local line = {}
for i = 1, 10 do line[i] = math.random(1000) end
print(table.concat(line, " "), math.random(0) ~= nil, ("%.17g"):format(math.random()), math.random(-5, 5))

local state, sum = 88172645463325252, 0
for i = 1, 300000 do
  state = state ~ (state << 13); state = state ~ (state >> 7); state = state ~ (state << 17)
  sum = sum + (state % 1000) * (i & 7) - (state // 3 & 0xff)
end
print(state, sum)
local pi, sign = 0.0, 1.0
for k = 0, 300000 do pi = pi + sign / (2 * k + 1); sign = -sign end
print(("%.15g"):format(pi * 4))
local function mandelbrot(size)
  local inside = 0
  for y = 0, size - 1 do
    for x = 0, size - 1 do
      local cr, ci, zr, zi, n = 2.0 * x / size - 1.5, 2.0 * y / size - 1.0, 0.0, 0.0, 0
      while n < 50 and zr * zr + zi * zi < 4 do zr, zi, n = zr * zr - zi * zi + cr, 2 * zr * zi + ci, n + 1 end
      if n == 50 then inside = inside + 1 end
    end
  end
  return inside
end
print(mandelbrot(100))
local packed = string.pack("<i1i2i4i8 >I2I4 !8 d f n s1 z j T x Xi4", -1, -2, -3, -4, 0x1234, 0x12345678, 1.5, -0.25, 3.125, "short", "zero", -9, 7)
print(#packed, (packed:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
print(string.unpack("<i1i2i4i8 >I2I4 !8 d f n s1 z j T", packed))
print(string.packsize("<i3 i5 !4 i8"), pcall(string.pack, "i1", 200), pcall(string.unpack, "i4", "abc"))
print(0x7fffffffffffffff, 0xffffffffffffffff, 1e2, .5, 3., 0x.1p4, 0xA, 9223372036854775808, 1//1, 3 % -math.huge)
for i = math.maxinteger - 2, math.maxinteger do io.write(i, " ") end
print(math.maxinteger // 1 | 0, #tostring(math.mininteger), -9223372036854775808)
