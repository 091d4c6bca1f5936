/*
 * Comparison of results that are approximations. A line of a near run is: Code, number of the form and set, a hash of
 * everything else that must be the same, and two registers as words: an xmm register, or ST0 and ST1.
 */

/** rcpps and rsqrtps are within 1.5 * 2^-12 of the truth, so two processors are within twice that of each other. */
const SINGLE_TOLERANCE = 2 * 1.5 * 2 ** -12;

const view = new DataView(new ArrayBuffer(8));
function singles(word: bigint): [number, number] {
  view.setBigUint64(0, word);
  return [view.getFloat32(4), view.getFloat32(0)];
}

function isNearSingle(a: number, b: number): boolean {
  if (Object.is(a, b)) return true;
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= SINGLE_TOLERANCE * Math.abs(b);
}

/** Each single of a packed result, or the lowest alone. */
function areNearSingles(ours: readonly bigint[], expected: readonly bigint[], lanes: number): boolean {
  return ours.every((word, i) => {
    const [a, b] = [singles(word), singles(expected[i]!)];
    return a.every((value, half) => {
      if (2 * i + half < lanes) return isNearSingle(value, b[half]!);
      return (word >> BigInt(32 * half)) % 2n ** 32n === (expected[i]! >> BigInt(32 * half)) % 2n ** 32n;
    });
  });
}

const INFINITE = 0x7fffn;

/** Units in the last place between two double extended numbers; undefined where they are not both finite and of one sign. */
export function ulps(a: readonly [bigint, bigint], b: readonly [bigint, bigint]): bigint | undefined {
  const [x, y] = [a, b].map(([significand, exponent]) => ({
    sign: exponent >> 15n,
    exponent: exponent & INFINITE,
    // In order of size: the next number after a power's last has the next exponent and a fraction of zero.
    order: ((exponent & INFINITE) << 63n) | (significand & (2n ** 63n - 1n)),
  })) as [
    { sign: bigint; exponent: bigint; order: bigint },
    { sign: bigint; exponent: bigint; order: bigint },
  ];
  if (x.sign !== y.sign || x.exponent === INFINITE || y.exponent === INFINITE) return undefined;
  return x.order > y.order ? x.order - y.order : y.order - x.order;
}

function isNearExtended(a: readonly [bigint, bigint], b: readonly [bigint, bigint]): boolean {
  if (a[0] === b[0] && a[1] === b[1]) return true;
  const distance = ulps(a, b);
  return distance !== undefined && distance <= 1n;
}

/** Whether a line says the same as an expected one, to within what its instruction promises. */
export function isNear(line: string | undefined, expected: string): boolean {
  if (line === undefined) return false;
  const [ours, theirs] = [line.split(' '), expected.split(' ')];
  if (ours.slice(0, 3).join() !== theirs.slice(0, 3).join()) return false;
  const [a, b] = [ours, theirs].map((fields) => fields.slice(3).map((word) => BigInt(`0x${word}`))) as [
    bigint[],
    bigint[],
  ];
  if (/^(Rcp|Rsqrt)/.test(expected))
    return areNearSingles(a.slice(0, 2), b.slice(0, 2), expected.includes('ps_') ? 4 : 1);
  return isNearExtended([a[0]!, a[1]!], [b[0]!, b[1]!]) && isNearExtended([a[2]!, a[3]!], [b[2]!, b[3]!]);
}
