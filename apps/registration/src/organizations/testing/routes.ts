import 'reflect-metadata';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { controllers } from '../../controllers.js';

const join = (base: string, path: string) =>
  `${base}/${path}`.replace(/^\/+|\/+$/g, '').replace(/\/{2,}/g, '/');
const pathsOf = (target: object): string[] =>
  [(Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined) ?? []].flat();

/** Every route of registration, such as `GET apps/:client_id`, as the controllers declare them. */
export function declaredRoutes(): string[] {
  return (controllers as (new (...args: never[]) => object)[]).flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
      const handler = (controller.prototype as Record<string, object>)[name] as object;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      return pathsOf(controller).flatMap((base) =>
        pathsOf(handler).map((path) => `${RequestMethod[method]} ${join(base, path)}`),
      );
    }),
  );
}
