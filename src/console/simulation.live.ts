import { type MessageEvent } from '@nestjs/common';
import { concatMap, from, type Observable, takeUntil, takeWhile, timer } from 'rxjs';

const LIVE_EVERY = 2_000;

/** A part of a page again and again, until what it shows is over or the server stops. */
export function untilOver(
  part: () => Promise<{ readonly html: string; readonly over: boolean }>,
  stopping: Observable<void>,
): Observable<MessageEvent> {
  return timer(0, LIVE_EVERY).pipe(
    takeUntil(stopping),
    concatMap(() => from(part())),
    concatMap(({ html, over }) => [{ type: 'part', data: html }, ...(over ? [{ type: 'end', data: 'over' }] : [])]),
    takeWhile(({ type }) => type !== 'end', true),
  );
}
