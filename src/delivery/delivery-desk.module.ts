import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DeliveryModule } from './delivery.module.js';
import { MailStopModule } from './mail-stop.module.js';
import { MessageDesk } from './message.desk.js';
import { SuppressionDesk } from './suppression.desk.js';
import { TrialRecord } from './trial.record.js';

/** What people see of messages, blocked addresses, trial mode and the stop of all mail, and decide about them. */
@Module({
  imports: [DeliveryModule, DirectoryModule, MailStopModule],
  providers: [MessageDesk, SuppressionDesk, TrialRecord],
  exports: [MailStopModule, MessageDesk, SuppressionDesk, TrialRecord],
})
export class DeliveryDeskModule {}
