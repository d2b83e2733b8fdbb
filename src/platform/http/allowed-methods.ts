import { type Request } from 'express';

interface RouterLayer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * The methods for which the application has a route that fits the request's address. Where one has exactly this address,
 * only such count: "/cascades/drills" is no cascade whose id is "drills".
 */
export function allowedMethods(request: Request): string[] {
  const { stack } = request.app.router as unknown as { stack: readonly RouterLayer[] };
  const fitting = stack.flatMap((layer) => (layer.route && layer.match(request.path) ? [layer.route] : []));
  const exact = fitting.filter(({ path }) => path === request.path);
  const methods = (exact.length > 0 ? exact : fitting).flatMap((route) => Object.keys(route.methods));
  return [...new Set(methods.map((method) => method.toUpperCase()))].sort();
}
