import { Module } from '@nestjs/common';
import { MailStop } from './mail.stop.js';

/** The switch alone, for whoever sends nothing. */
@Module({ providers: [MailStop], exports: [MailStop] })
export class MailStopModule {}
