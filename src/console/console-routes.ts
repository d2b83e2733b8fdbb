import { applyDecorators, Controller, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Routes that answer with pages: they are no part of the API's description. */
export const ConsoleController = (path = ''): ClassDecorator =>
  applyDecorators(ApiExcludeController(), Controller(path));

/** The handler's string is a page. */
export const Page = (): MethodDecorator => Header('Content-Type', 'text/html; charset=utf-8');
