// Reads the tables of __CxxFrameHandler3 in assembly of clang, as the functions and catch funclets that they are of.

/** Fields of FuncInfo, of a try block and of a handler, in their order. */
const FUNC_INFO = [
  'magic',
  'states',
  'unwindMap',
  'tries',
  'tryMap',
  'ips',
  'ipMap',
  'help',
  'types',
  'flags',
];
const TRY_BLOCK = ['low', 'high', 'catchHigh', 'handlers', 'handlerMap'];
const HANDLER = ['adjectives', 'type', 'variable', 'funclet', 'parent'];

const symbolOf = (operand) => operand.replace(/^\((.*)\)/, '$1').replace('@IMGREL', '');

/** What stands behind each label: the operands of `.long`. */
function readTables(lines) {
  const tables = new Map();
  let current;
  for (const line of lines) {
    const label = /^("?\$(?:cppxdata|stateUnwindMap|tryMap|handlerMap|ip2state)\$.*):/.exec(line);
    if (label) tables.set(label[1], (current = []));
    const long = /^\t\.long\t(\S+)/.exec(line);
    if (!long) {
      if (!label) current = undefined;
    } else current?.push(long[1]);
  }
  return tables;
}

/** Rows of a table, each with these fields; numbers are numbers. */
function rows(operands, fields) {
  const found = [];
  for (let i = 0; i < operands.length; i += fields.length)
    found.push(
      Object.fromEntries(
        fields.map((field, j) => {
          const operand = operands[i + j];
          return [field, /^-?\d+$/.test(operand) ? Number(operand) : operand];
        }),
      ),
    );
  return found;
}

/** The function of a FuncInfo, or one of its catch funclets: the states that are its own, numbered from 0. */
function makeRegion(all, symbol, within, own, parent) {
  const nested = all.tries.filter(({ low }) => low > within.low && low <= within.high);
  const ranges = nested.map(({ high, catchHigh }) => ({ low: high + 1, high: catchHigh }));
  const isOwn = (state) =>
    state > within.low &&
    state <= within.high &&
    !ranges.some(({ low, high }) => state > low && state <= high);
  const kept = [...all.states.keys()].filter(isOwn);
  const numberOf = (state) => kept.findLastIndex((other) => other <= state);
  return {
    symbol,
    parent,
    flags: all.flags,
    states: kept.map((state) => ({ ...all.states[state], next: kept.indexOf(all.states[state].next) })),
    tries: nested
      .filter(({ low }) => isOwn(low))
      .map(({ low, high, catchHigh, handlers }) => ({
        low: numberOf(low),
        high: numberOf(high),
        catchHigh: numberOf(catchHigh),
        handlers,
      })),
    ips: own.map(({ ip, state }) => ({ ip, state: kept.indexOf(state) })),
  };
}

/** Each function with a FuncInfo: its regions, itself first. */
export function readFunctions(lines) {
  const tables = readTables(lines);
  const functions = [];
  for (const [label, operands] of tables) {
    if (!/^"?\$cppxdata/.test(label)) continue;
    const [info] = rows(operands, FUNC_INFO);
    const table = (operand, fields) => (operand === 0 ? [] : rows(tables.get(symbolOf(operand)), fields));
    const tries = table(info.tryMap, TRY_BLOCK).map((block) => ({
      ...block,
      handlers: table(block.handlerMap, HANDLER).map((handler) => ({
        ...handler,
        type: handler.type === 0 ? undefined : symbolOf(handler.type),
        funclet: symbolOf(handler.funclet),
      })),
    }));
    const states = table(info.unwindMap, ['next', 'action']).map(({ next, action }) => ({
      next,
      action: action === 0 ? undefined : symbolOf(action),
    }));
    const all = { states, tries, flags: info.flags };
    // The places of a funclet follow its own.
    const catches = new Map(
      tries.flatMap((block) => block.handlers.map((one) => [one.funclet, { block, one }])),
    );
    const name = label.replace(/^("?)\$cppxdata\$/, '$1');
    const places = new Map([[name, []]]);
    let current = name;
    for (const { ip, state } of table(info.ipMap, ['ip', 'state'])) {
      const symbol = symbolOf(ip);
      if (catches.has(symbol)) places.set((current = symbol), []);
      places.get(current).push({ ip: symbol, state });
    }
    const regions = [];
    for (const [symbol, own] of places) {
      const { block, one } = catches.get(symbol) ?? {};
      const within = block
        ? { low: block.high + 1, high: block.catchHigh }
        : { low: -1, high: Number.POSITIVE_INFINITY };
      regions.push(makeRegion(all, symbol, within, own, one?.parent));
    }
    functions.push({ label, regions });
  }
  return functions;
}
