/** What --help prints: examples first. */
export const HELP = `winmem runs unmodified x86-64 Windows programs and shows what they do with memory.

  winmem run app.exe                         run it; its output is yours, its exit code too
  winmem run --trace app.exe one two         ... and list every API call it makes
  winmem run --stats --json out.json app.exe ... and print its address space and counters
  winmem run --ram 64M --timeout 10 app.exe  ... on a small machine, for ten seconds at most

Usage: winmem run [options] app.exe [args...]
Everything after app.exe belongs to the program. What winmem says goes to stderr.

Options:
  --ram SIZE             RAM of the machine, 1M to 3584M (default 1G)
  --trace[=PATTERN]      print API calls; PATTERN such as Heap* or kernel32!Virtual*
  --stats                print the address space and counters when the program ends
  --json FILE            write outcome and statistics to FILE as JSON
  --env NAME=VALUE       add to the program's environment (repeatable)
  --cwd FOLDER           current directory of the program (default: yours)
  --drive X=PATH[:ro]    give the program a drive (repeatable)
  --timeout SECONDS      end the program after that time, with exit code 124
  --quiet                no messages of winmem's own, but for errors in how it was called
  --help, --version

Not built yet, and refused: --pagefile, --deterministic, winmem check, winmem map.

Drives: C: is a throw-away folder with Windows' folders and Temp; D: is the current directory; E: is the
program's folder, read-only. Nothing else of your files can be seen.

Exit codes: the program's own. 124 timeout, 125 wrong usage or an error of winmem, 126 the program cannot be
run, 127 it is not there, 130 interrupted. A code over 255 is printed in full on stderr.
`;
