// `CaptureInbox` opens messages with it: a process that shows them has it from its start.
import 'mailparser';
import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DeliveryModule } from './delivery.module.js';
import { MailStopController } from './mail-stop.controller.js';
import { MessageController } from './message.controller.js';
import { DeliveryDeskModule } from './delivery-desk.module.js';
import { SuppressionController } from './suppression.controller.js';
import { SuppressionListing } from './suppression.listing.js';

/** Messages, suppressions and the stop of all mail over HTTP. */
@Module({
  imports: [DeliveryModule, DirectoryModule, DeliveryDeskModule],
  controllers: [MailStopController, MessageController, SuppressionController],
  providers: [SuppressionListing],
})
export class DeliveryApiModule {}
