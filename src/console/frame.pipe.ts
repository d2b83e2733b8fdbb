import { Injectable, type PipeTransform } from '@nestjs/common';
import { MailStop } from '../delivery/index.js';
import { type Frame } from './pages.js';
import { SendingReads } from './sending.reads.js';
import { actorWords } from './words.js';

/** Adds to a frame what every page about sending says: that all mail is stopped. */
@Injectable()
export class FramePipe implements PipeTransform<Frame, Promise<Frame>> {
  constructor(
    private readonly mail: MailStop,
    private readonly sending: SendingReads,
  ) {}

  async transform(frame: Frame): Promise<Frame> {
    const stop = await this.mail.standing();
    if (!stop) return frame;
    const who = (await this.sending.actorNames([stop.by])).get(stop.by) ?? actorWords(stop.by);
    return { ...frame, stop: { since: stop.since, reason: stop.reason, who } };
  }
}
