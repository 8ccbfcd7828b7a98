import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller, Get, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import {
  createLogger,
  HealthController,
  ReadinessChecks,
  startService,
  type RunningService,
} from '../index.js';

@Controller()
class Routes {
  @Get('internal/facts')
  facts() {
    return { facts: [] };
  }
  @Get(':environment(sandbox|production)/internal/grants/:id')
  grant() {
    return { status: 'active' };
  }
  @Get('things')
  things() {
    return { things: [] };
  }
}

@Module({
  imports: [TerminusModule],
  controllers: [HealthController, Routes],
  providers: [{ provide: ReadinessChecks, useValue: new ReadinessChecks([]) }],
})
class Root {}

describe('the internal port', () => {
  let one: RunningService;
  let two: RunningService;

  beforeAll(async () => {
    const options = {
      name: 'test',
      module: Root,
      host: '127.0.0.1',
      port: 0,
      logger: createLogger('test', 'silent'),
    };
    one = await startService(options);
    two = await startService({ ...options, internalPort: 0 });
  });
  afterAll(async () => {
    await one?.close();
    await two?.close();
  });

  const paths = [
    '/health/live',
    '/health/ready',
    '/metrics',
    '/internal/facts',
    '/sandbox/internal/grants/1',
  ];
  const status = async (url: string) => (await fetch(url)).status;

  it('has the routes of the platform, and the public port has none of them, however they are written', async () => {
    for (const path of paths) {
      expect(await status(two.internalUrl + path)).toBe(200);
      for (const written of [path, `${path}/`, `${path}?a=b`, path.replace('h', '%68').replace('m', '%6d')])
        expect([written, await status(two.url + written)]).toEqual([written, 404]);
    }
    expect(await status(`${two.url}/things`)).toBe(200);
    expect(await status(`${two.internalUrl}/things`)).toBe(200);
  });

  it('is not needed on a single machine: one port has all routes', async () => {
    expect(one.internalUrl).toBeUndefined();
    for (const path of paths) expect(await status(one.url + path)).toBe(200);
  });
});
