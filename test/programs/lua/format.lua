-- Numbers to text and back to the last digit.
local values = { 0.0, -0.0, 1.0, 0.1, 1 / 3, 2 / 3, 123456789.123, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 5e-324,
  2.2250738585072014e-308, 1.7976931348623157e308, 4.35, 0.5, 1.5, 2.5, 0.045, 1e-7, 123.456e-10, 9007199254740993,
  1 / 0, -1 / 0, math.pi, 299792458.0, 6.62607015e-34, 8.41e21, 9.5e-322, 0.3, 0.1 + 0.2, 100, 1e100 }
local formats = { "%g", "%.17g", "%.14g", "%.3f", "%.0f", "%e", "%.20e", "%10.2f", "%-12.4g", "%+g", "%#g", "%#.0f", "% g", "%012.3f", "%a", "%G", "%E", "%.99f" }
for _, value in ipairs(values) do
  local line = {}
  for i, format in ipairs(formats) do line[i] = format:format(value) end
  print(value, table.concat(line, "|"))
end
for _, format in ipairs({ "%d", "%5d", "%-5d", "%05d", "%+d", "% d", "%.3d", "%x", "%X", "%#x", "%o", "%i", "%8.5d", "%u" }) do
  for _, n in ipairs({ 0, 1, -1, 255, -255, math.maxinteger, math.mininteger }) do
    local ok, text = pcall(string.format, format, n)
    io.write(text, ok and "|" or "!")
  end
  print()
end
print(("%c%c%c"):format(76, 117, 97), ("%s %10s %-10s %.2s"):format(true, "right", "left", "cut"), ("%5s%%"):format(1.5))
print(pcall(string.format, "%d", 1.5), pcall(string.format, "%y", 1), pcall(string.format, "%123d", 1), pcall(string.format, "%d"))
for _, text in ipairs({ "0x10", "0x1p4", "0x.8", "0xA.8p-2", "1e1", " 12 ", "1e", "0x", "12a", "1e400", "-1e400", "1e-400", "inf", "nan",
  "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0xffffffffffffffff", "4.9406564584124654e-324",
  "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308", "0.1e1", ".5", "5.", "1_000",
  "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
  "2.00000000000000011102230246251565404236316680908203125", "2.00000000000000033306690738754696212708950042724609375", "9007199254740993.0" }) do
  local n = tonumber(text)
  io.write(text:sub(1, 24), " -> ", tostring(n), " ", n and ("%.17g"):format(n) or "-", " ", math.type(n) or "none", "\n")
end
local x, seen = 0.3, 0
for i = 1, 20000 do
  x = 3.99 * x * (1 - x)
  local scaled = x * 10.0 ^ (i % 600 - 300)
  if tonumber(("%.17g"):format(scaled)) == scaled then seen = seen + 1 end
  if i % 1000 == 0 then print(i, ("%.17g %.17g"):format(x, scaled), scaled) end
end
print(seen)
print(tostring(2^53), 2^63, math.tointeger(2^53), 1e15, 123456.0, -1e-5, 3 | 0, 7 // 2, 7.0 // 2, tostring(1e300 * 1e10))
