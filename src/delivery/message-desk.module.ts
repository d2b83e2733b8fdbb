import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { LedgerModule } from './ledger.module.js';
import { MessageDesk } from './message.desk.js';

/** What people see of messages and decide about them. */
@Module({ imports: [LedgerModule, DirectoryModule], providers: [MessageDesk], exports: [MessageDesk] })
export class MessageDeskModule {}
