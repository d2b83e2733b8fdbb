import { Module } from '@nestjs/common';
import { AccessController } from './access.controller.js';
import { AccessModule } from './access.module.js';
import { AuditController } from './audit.controller.js';
import { OidcSignIn } from './oidc-sign-in.js';
import { SignInController } from './sign-in.controller.js';

/** Keys, people and the audit trail over HTTP, and signing in. */
@Module({
  imports: [AccessModule],
  controllers: [AccessController, AuditController, SignInController],
  providers: [OidcSignIn],
})
export class AccessApiModule {}
