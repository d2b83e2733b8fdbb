import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type MailTransport } from './transport.js';

/** Gets the configured transport and answers the one to use: for simulations and tests. */
export type WrapTransport = (configured: MailTransport) => MailTransport;

export const WRAP_TRANSPORT = Symbol('WrapTransport');

/** Put beside `DeliveryModule` it stands between the service and its configured transport. */
@Global()
@Module({})
export class TransportWrappingModule {
  static by(wrap: WrapTransport): DynamicModule {
    return {
      module: TransportWrappingModule,
      providers: [{ provide: WRAP_TRANSPORT, useValue: wrap }],
      exports: [WRAP_TRANSPORT],
    };
  }
}
