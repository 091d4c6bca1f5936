// Files for the programs that nobody here wrote, the same ones each time:
//   node scripts/programs-inputs.mjs FOLDER
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomOf } from './mutate.mjs';

const TEXT_SIZE = 20 * 1024 * 1024;

/** Bytes with what compressors meet: words, records with counters, runs, and noise. */
function mixture(size, random) {
  const bytes = Buffer.alloc(size);
  const words = Array.from({ length: 3000 }, () => word(random));
  let at = 0;
  while (at < size) {
    const end = Math.min(size, at + 20_000 + random(200_000));
    const kind = random(10);
    if (kind < 6) at = fillWords(bytes, at, end, words, random);
    else if (kind < 8) at = fillRecords(bytes, at, end, random);
    else if (kind < 9) at = fillRuns(bytes, at, end, random);
    else while (at < end) bytes[at++] = random(256);
  }
  return bytes;
}

function word(random) {
  let letters = '';
  for (let left = 2 + random(8); left > 0; left--)
    letters += String.fromCharCode(97 + Math.min(random(26), random(26)));
  return letters;
}

function fillWords(bytes, at, end, words, random) {
  while (at < end) {
    const rank = Math.min(random(words.length), random(words.length), random(words.length));
    at += bytes.write(`${words[rank]}${random(9) === 0 ? '\n' : ' '}`, at, 'latin1') || 1;
  }
  return at;
}

function fillRecords(bytes, at, end, random) {
  for (let number = 0; at < end; number++) {
    const record = Buffer.alloc(24);
    record.writeUInt32LE(number, 0);
    record.writeUInt32LE(random(1000), 4);
    record.writeDoubleLE(number / 8, 8);
    record.writeUInt16LE(random(65536), 20);
    at += record.copy(bytes, at) || 1;
  }
  return at;
}

function fillRuns(bytes, at, end, random) {
  while (at < end) {
    const length = 1 + random(600);
    bytes.fill(random(4), at, at + length);
    at += length;
  }
  return at;
}

/** A picture as a PPM file: gradients, discs and some grain. */
function picture(width, height, random) {
  const header = Buffer.from(`P6\n${width} ${height}\n255\n`);
  const pixels = Buffer.alloc(width * height * 3);
  const discs = Array.from({ length: 12 }, () => ({
    x: random(width),
    y: random(height),
    radius: 5 + random(width >> 2),
    colour: [random(256), random(256), random(256)],
  }));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = discs.find((d) => (x - d.x) ** 2 + (y - d.y) ** 2 < d.radius ** 2);
      const grain = random(12);
      for (let channel = 0; channel < 3; channel++) {
        const slope = ((x * (channel + 1) + y * 2) * 255) / (width * (channel + 1) + height * 2);
        pixels[at++] = Math.min(255, (disc ? disc.colour[channel] : Math.floor(slope)) + grain);
      }
    }
  }
  return Buffer.concat([header, pixels]);
}

const folder = process.argv[2];
writeFileSync(join(folder, 'mixture.bin'), mixture(TEXT_SIZE, randomOf(1)));
writeFileSync(join(folder, 'photo.ppm'), picture(1601, 1203, randomOf(2)));
writeFileSync(join(folder, 'small.ppm'), picture(93, 61, randomOf(3)));
