import { Module } from '@nestjs/common';
import { FeedbackController } from './feedback.controller.js';
import { FeedbackModule } from './feedback.module.js';
import { UnsubscribeController } from './unsubscribe.controller.js';

/** Feedback over HTTP, and the page behind List-Unsubscribe. */
@Module({ imports: [FeedbackModule], controllers: [FeedbackController, UnsubscribeController] })
export class FeedbackApiModule {}
