export type Rgb = readonly [number, number, number];

const NAMES: Record<string, string> = { white: '#ffffff', black: '#000000' };

/** Reads #rgb, #rrggbb, rgb() and the two names that email uses; undefined for anything else. */
export function readColour(text: string): Rgb | undefined {
  const written = NAMES[text.trim().toLowerCase()] ?? text.trim().toLowerCase();
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(written);
  if (short) return triple(short.slice(1).map((digit) => Number.parseInt(digit + digit, 16)));
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(written);
  if (long) return triple(long.slice(1).map((pair) => Number.parseInt(pair, 16)));
  const rgb = /^rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)$/.exec(written);
  return rgb ? triple(rgb.slice(1).map(Number)) : undefined;
}

/** From 1 (the same colour) to 21 (black on white), as WCAG 2.2 defines it. */
export function contrastRatio(a: Rgb, b: Rgb): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function triple([red = 0, green = 0, blue = 0]: number[]): Rgb {
  return [red, green, blue];
}
