/**
 * Splits a command line into arguments by the rules of
 * https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments: 2n backslashes before a quotation
 * mark are n backslashes and the mark delimits, 2n + 1 are n backslashes and a mark; backslashes elsewhere are
 * themselves; a doubled mark inside a quoted part is one mark. In the program's name only marks matter.
 */
export function splitCommandLine(line: string): string[] {
  const first = programName(line);
  const args = [first.name];
  let at = first.end;
  for (;;) {
    while (isBlank(line[at])) at++;
    if (at >= line.length) return args;
    const argument = nextArgument(line, at);
    args.push(argument.text);
    at = argument.end;
  }
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

function programName(line: string): { name: string; end: number } {
  let name = '';
  let quoted = false;
  let at = 0;
  for (; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted;
    else if (isBlank(line[at]) && !quoted) break;
    else name += line[at];
  }
  return { name, end: at };
}

function nextArgument(line: string, start: number): { text: string; end: number } {
  let text = '';
  let quoted = false;
  let at = start;
  while (at < line.length && (quoted || !isBlank(line[at]))) {
    const slashes = backslashesAt(line, at);
    at += slashes;
    if (line[at] !== '"') {
      text += '\\'.repeat(slashes);
      if (slashes === 0) text += line[at++];
      continue;
    }
    text += '\\'.repeat(slashes >> 1);
    if (slashes % 2 === 1) text += '"';
    else if (quoted && line[at + 1] === '"') {
      text += '"';
      at++;
    } else quoted = !quoted;
    at++;
  }
  return { text, end: at };
}

function backslashesAt(line: string, at: number): number {
  let count = 0;
  while (line[at + count] === '\\') count++;
  return count;
}
