import { type BeforeApplicationShutdown, Injectable, type MessageEvent } from '@nestjs/common';
import { concatMap, type Observable, Subject, takeUntil, takeWhile, timer } from 'rxjs';

const LIVE_EVERY = 2_000;

/** Parts of pages that follow what goes on. */
@Injectable()
export class LiveParts implements BeforeApplicationShutdown {
  private readonly stopping = new Subject<void>();

  /** The part again and again until it is over. The last one goes out too, then the browser is told not to ask again. */
  of(part: () => Promise<{ readonly html: string; readonly over: boolean }>): Observable<MessageEvent> {
    return timer(0, LIVE_EVERY).pipe(
      takeUntil(this.stopping),
      concatMap(part),
      concatMap(({ html, over }) => [{ type: 'part', data: html }, ...(over ? [{ type: 'end', data: 'over' }] : [])]),
      takeWhile(({ type }) => type !== 'end', true),
    );
  }

  /** Open streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    this.stopping.next();
  }
}
