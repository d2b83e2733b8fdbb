import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DeliveryModule } from './delivery.module.js';
import { MessageDesk } from './message.desk.js';
import { SuppressionDesk } from './suppression.desk.js';
import { TrialRecord } from './trial.record.js';

/** What people see of messages, blocked addresses and trial mode, and decide about them. */
@Module({
  imports: [DeliveryModule, DirectoryModule],
  providers: [MessageDesk, SuppressionDesk, TrialRecord],
  exports: [MessageDesk, SuppressionDesk, TrialRecord],
})
export class DeliveryDeskModule {}
