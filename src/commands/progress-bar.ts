import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number, total: number, count: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on standard error where a person watches; nothing in a pipe or a log. */
export function progressBar(unit: string): Progress {
  if (!process.stderr.isTTY) return SILENT;
  const started = Date.now();
  const bar = new SingleBar(
    {
      format: `{bar} {percentage}% {count} ${unit}, {rate}/s`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  let running = false;
  return {
    update(done, total, count) {
      const rate = Math.round(count / Math.max(0.001, (Date.now() - started) / 1000));
      const payload = { count: count.toLocaleString('en-GB'), rate: rate.toLocaleString('en-GB') };
      if (!running) bar.start(total, done, payload);
      running = true;
      bar.setTotal(total);
      bar.update(done, payload);
    },
    stop() {
      if (running) bar.stop();
    },
  };
}
