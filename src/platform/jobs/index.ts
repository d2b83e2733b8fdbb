export { JOBS, QUEUES, type JobName, type JobPayload, type QueueName } from './job-map.js';
export { HandlesJob, type JobContext, type JobHandler } from './job-handler.js';
export { JobQueue, type NewJob } from './job-queue.js';
export { JobsModule } from './jobs.module.js';
export { closeLeftOverQueues, QUEUE_CONNECTION, type QueueConnection } from './queue-connection.js';
