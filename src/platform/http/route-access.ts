import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Metadata keys that the guard of `access` reads; a route without either is refused to everybody. */
export const PUBLIC = 'access:public';
export const PERMISSION = 'access:permission';

/** Opens a route or a controller to everybody, signed in or not. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);
