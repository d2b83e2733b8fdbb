import { applyDecorators, Controller, createParamDecorator, type ExecutionContext, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { viewerOf } from '../access/index.js';
import { type FormFaults } from './form.faults.js';
import { FramePipe } from './frame.pipe.js';
import { type Frame } from './pages.js';

/** Routes that answer with pages: they are no part of the API's description. */
export const ConsoleController = (path = ''): ClassDecorator =>
  applyDecorators(ApiExcludeController(), Controller(path));

/** The handler's string is a page. */
export const Page = (): MethodDecorator => Header('Content-Type', 'text/html; charset=utf-8');

const Viewer = createParamDecorator((_: unknown, context: ExecutionContext): Frame =>
  viewerOf(context.switchToHttp().getRequest<Request>()),
);

/** Handler parameter: who looks at the page, the token that its forms carry, and whether all mail is stopped. */
export const PageFrame = (): ParameterDecorator => Viewer(FramePipe);

/** Answers with the page of a form, and with what is wrong with it if anything is. */
export function sendForm(response: Response, { list }: FormFaults, page: string): void {
  response
    .status(list.length > 0 ? 422 : 200)
    .type('html')
    .send(page);
}

/** Answers with the page of a form that was not taken. */
export function sendFaults(response: Response, page: string): void {
  response.status(422).type('html').send(page);
}
