// What every part needs: interleaved rounds, medians, ratios, and things that are put away whatever happens.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Runs every contender once in each round, one after the other, so that whatever else the machine does falls on all of
 * them alike. A ratio is the median of the ratios within rounds, never a quotient of two medians.
 *
 * @typedef {{name: string, run: () => Promise<number | Measured> | number | Measured}} Contender `run` does the work and
 *   says how much it was; when only a part of it counts, it says how long that part took
 * @typedef {{count: number, seconds: number}} Measured
 * @param {{rounds: number, contenders: Contender[], baselines: string[], unit: string, say?: (line: string) => void}} options
 * @returns {Promise<Row[]>}
 */
export async function compare({ rounds, contenders, baselines, unit, say = () => undefined }) {
  const rates = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    // Every other round goes backwards: no contender always follows the same one.
    for (const { name, run } of round % 2 === 1 ? contenders : [...contenders].reverse()) {
      globalThis.gc?.();
      const started = performance.now();
      const result = await run();
      const { count, seconds } =
        typeof result === 'number' ? { count: result, seconds: (performance.now() - started) / 1000 } : result;
      rates.get(name).push(count / seconds);
      say(`round ${round}: ${name}: ${figure(count / seconds)} ${unit}`);
    }
  }
  return contenders.map(({ name }) => rowOf(name, unit, rates, baselines));
}

/**
 * @typedef {{name: string, unit: string, rate: number, lowest: number, highest: number, rounds: number,
 *   ratios: Record<string, number>}} Row
 */
function rowOf(name, unit, rates, baselines) {
  const own = rates.get(name);
  const ratios = Object.fromEntries(
    baselines.map((baseline) => [baseline, median(own.map((rate, i) => rate / rates.get(baseline)[i]))]),
  );
  return {
    name,
    unit,
    rate: median(own),
    lowest: Math.min(...own),
    highest: Math.max(...own),
    rounds: own.length,
    ratios,
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three significant digits, and no more than what was measured. */
export function figure(number) {
  if (!Number.isFinite(number)) return '–';
  if (number >= 1000) return Math.round(number).toLocaleString('en-GB');
  return String(Number(number.toPrecision(3)));
}

/** Undoes in reverse order what was set up; `run.mjs` calls `all` at the end, and when it is interrupted. */
export class CleanUp {
  steps = [];

  add(step) {
    this.steps.push(step);
  }

  async all() {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`Putting away failed: ${error.message}\n`);
      }
    }
  }

  async folder(name) {
    const path = await mkdtemp(join(tmpdir(), `cqrs-bench-${name}-`));
    this.add(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** A program that runs until the clean-up. */
  program(command, args, options = {}) {
    const child = spawn(command, args, { stdio: 'ignore', ...options });
    const ended = once(child, 'exit').catch(() => undefined);
    this.add(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    });
    return child;
  }
}

/** Runs a program to its end. @returns what it wrote to standard output. */
export async function finished(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}`);
  return output;
}

/** Runs one of the programs in `children` with a JSON argument; its last line of output is its JSON result. */
export async function child(name, argument) {
  const output = await finished(process.execPath, [
    '--expose-gc',
    join(import.meta.dirname, 'children', `${name}.mjs`),
    JSON.stringify(argument),
  ]);
  return JSON.parse(output.trim().split('\n').at(-1));
}
