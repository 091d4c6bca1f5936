import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFloating } from '../../src/dlls/crt/float-parse.ts';
import { bitsOfDouble, doubleFromBits, fixedText, scientificDigits } from '../../src/dlls/crt/float-text.ts';
import { hypotenuse, power } from '../../src/dlls/crt/power.ts';

/** A finite double >= 0 as a fraction of two integers. */
function fraction(value: number): { numerator: bigint; denominator: bigint } {
  const { low, high } = bitsOfDouble(value);
  const biased = (high >>> 20) & 0x7ff;
  const mantissa = (BigInt(high & 0xfffff) << 32n) | BigInt(low) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  return exponent >= 0
    ? { numerator: mantissa << BigInt(exponent), denominator: 1n }
    : { numerator: mantissa, denominator: 1n << BigInt(-exponent) };
}

/** numerator / denominator to the nearest integer, halves away from zero or to even. */
function divideRounded(numerator: bigint, denominator: bigint, toEven: boolean): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  if (twice === denominator && toEven) return quotient + (quotient & 1n);
  return twice >= denominator ? quotient + 1n : quotient;
}

/** Whether `value` is the double (or float) nearest to decimal `digits` * 10^exponent, even in a tie. */
function isNearest(value: number, digits: bigint, exponent: number, bits: 53 | 24): boolean {
  const scale = 10n ** BigInt(Math.abs(exponent));
  const [numerator, denominator] = exponent >= 0 ? [digits * scale, 1n] : [digits, scale];
  const distance = (other: number) => {
    const exact = fraction(other);
    const difference = exact.numerator * denominator - numerator * exact.denominator;
    return { size: difference < 0n ? -difference : difference, over: exact.denominator };
  };
  const near = distance(value);
  return neighbours(value, bits).every((other) => {
    const far = distance(other);
    const [left, right] = [near.size * far.over, far.size * near.over];
    return left < right || (left === right && isEven(value, bits));
  });
}

const view = new DataView(new ArrayBuffer(8));
function neighbours(value: number, bits: 53 | 24): number[] {
  if (bits === 24) {
    view.setFloat32(0, value);
    const code = view.getUint32(0);
    return [code - 1, code + 1]
      .filter((other) => other >= 0 && other < 0x7f80_0000)
      .map((other) => {
        view.setUint32(0, other);
        return view.getFloat32(0);
      });
  }
  view.setFloat64(0, value);
  const code = view.getBigUint64(0);
  return [code - 1n, code + 1n]
    .filter((other) => other >= 0n && other < 0x7ff0_0000_0000_0000n)
    .map((other) => {
      view.setBigUint64(0, other);
      return view.getFloat64(0);
    });
}
function isEven(value: number, bits: 53 | 24): boolean {
  if (bits === 24) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return (bits === 24 ? view.getUint32(0) & 1 : Number(view.getBigUint64(0) & 1n)) === 0;
}

/** Any finite double >= 0, by its bits. */
const doubles = fc
  .tuple(fc.integer({ min: 0, max: 0x7fef_ffff }), fc.nat(0xffff_ffff))
  .map(([high, low]) => doubleFromBits(low, high));

describe('digits of doubles', () => {
  it('are exact to any number of places, halves rounded either way', () => {
    fc.assert(
      fc.property(doubles, fc.nat(400), fc.boolean(), (value, places, toEven) => {
        const { numerator, denominator } = fraction(value);
        const expected = divideRounded(numerator * 10n ** BigInt(places), denominator, toEven);
        expect(BigInt(fixedText(value, places, toEven).replace('.', ''))).toBe(expected);
      }),
    );
  });

  it('keep halves apart that only exact arithmetic tells', () => {
    fc.assert(
      fc.property(fc.nat(1 << 20), fc.integer({ min: 1, max: 12 }), fc.boolean(), (n, places, toEven) => {
        // An odd multiple of 2^-(places + 1) ends in 5 one place behind.
        const value = (2 * n + 1) / 2 ** (places + 1);
        const { numerator, denominator } = fraction(value);
        const expected = divideRounded(numerator * 10n ** BigInt(places), denominator, toEven);
        expect(BigInt(fixedText(value, places, toEven).replace('.', ''))).toBe(expected);
      }),
    );
  });

  it('have the exponent of their first digit', () => {
    fc.assert(
      fc.property(doubles, fc.nat(350), fc.boolean(), (value, places, toEven) => {
        fc.pre(value > 0);
        const { digits, exponent } = scientificDigits(value, places, toEven);
        const { numerator, denominator } = fraction(value);
        const shift = places - exponent;
        const [top, bottom] =
          shift >= 0
            ? [numerator * 10n ** BigInt(shift), denominator]
            : [numerator, denominator * 10n ** BigInt(-shift)];
        expect(digits.length).toBe(places + 1);
        expect(digits[0]).not.toBe('0');
        expect(BigInt(digits)).toBe(divideRounded(top, bottom, toEven));
      }),
    );
  });
});

describe('text to floating-point numbers', () => {
  const decimals = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 40n }), fc.integer({ min: -360, max: 300 }));

  it('gives the nearest double', () => {
    fc.assert(
      fc.property(decimals, ([digits, exponent]) => {
        const { value } = parseFloating(`${digits}e${exponent}`, true);
        fc.pre(Number.isFinite(value));
        expect(isNearest(value, digits, exponent, 53)).toBe(true);
      }),
    );
  });

  it('gives the nearest float, also where the nearest double lies between two', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0x0080_0000, max: 0x7f7f_fffe }),
        fc.integer({ min: -1, max: 1 }),
        (code, nudge) => {
          view.setUint32(0, code);
          const single = view.getFloat32(0);
          view.setUint32(0, code + 1);
          const { numerator, denominator } = fraction((single + view.getFloat32(0)) / 2);
          // The middle with 200 digits behind the point, and a last digit more or less.
          const digits = (numerator * 10n ** 200n) / denominator + BigInt(nudge);
          const { value } = parseFloating(`${digits}e-200`, true, true);
          expect(Math.fround(value)).toBe(value);
          expect(isNearest(value, digits, -200, 24)).toBe(true);
        },
      ),
    );
  });

  it('reads what printf writes in hexadecimal', () => {
    fc.assert(
      fc.property(doubles, (value) => {
        const { numerator, denominator } = fraction(value);
        const exponent = denominator.toString(2).length - 1;
        expect(parseFloating(`0x${numerator.toString(16)}p-${exponent}`, true).value).toBe(value);
      }),
    );
  });

  it('rounds hexadecimal digits that do not fit', () => {
    const read = (text: string) => parseFloating(text, true).value;
    expect(read('0x1.00000000000008p0')).toBe(1);
    expect(read('0x1.00000000000018p0')).toBe(1 + 2 ** -51);
    expect(read('0x1.000000000000080001p0')).toBe(1 + 2 ** -52);
    expect(read('0x1p-1075')).toBe(0);
    expect(read('0x1.8p-1075')).toBe(2 ** -1074);
    expect(read('0x1p1024')).toBe(Infinity);
    expect(read('-0x.8p1')).toBe(-1);
  });

  it('knows infinity and NaN in the Universal C Runtime only', () => {
    expect(parseFloating(' -INFinity', true)).toEqual({ value: -Infinity, length: 10, nonzero: true });
    expect(parseFloating('nan(x1)y', true)).toMatchObject({ value: Number.NaN, length: 7 });
    expect(parseFloating('inf', false).length).toBe(0);
    expect(parseFloating('0x1p3', false)).toMatchObject({ value: 0, length: 1 });
  });
});

describe('pow and hypot', () => {
  it('are exact where the result is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 1, max: 22 }), (base, exponent) => {
        const exact = BigInt(base) ** BigInt(exponent);
        expect(isNearest(power(base, exponent), exact, 0, 53)).toBe(true);
      }),
    );
  });

  it('give every power of ten as text does', () => {
    for (let exponent = -323; exponent <= 308; exponent++)
      expect([exponent, power(10, exponent)]).toEqual([exponent, Number(`1e${exponent}`)]);
  });

  it('treat special values as C99 says', () => {
    expect(power(Number.NaN, 0)).toBe(1);
    expect(power(1, Number.NaN)).toBe(1);
    expect(power(-1, Infinity)).toBe(1);
    expect(power(-8, 1 / 3)).toBeNaN();
    expect(power(-2, 3)).toBe(-8);
    expect(power(0, -1)).toBe(Infinity);
    expect(power(-0, -3)).toBe(-Infinity);
    expect(power(2, -1080)).toBe(0);
    expect(power(2, -1074)).toBe(5e-324);
    expect(hypotenuse(-Infinity, Number.NaN)).toBe(Infinity);
    expect(hypotenuse(3e300, 4e300)).toBe(5e300);
    expect(hypotenuse(5e-324, 0)).toBe(5e-324);
  });
});
