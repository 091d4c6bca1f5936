/**
 * The command line that a program finds, quoted so that the documented rules give the arguments back
 * (https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments).
 */
export function commandLine(program: string, args: readonly string[]): string {
  return [program.includes(' ') ? `"${program}"` : program, ...args.map(quote)].join(' ');
}

function quote(arg: string): string {
  if (arg !== '' && !/[\s"]/.test(arg)) return arg;
  const escaped = arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1');
  return `"${escaped}"`;
}
