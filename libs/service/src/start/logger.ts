import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

/** The process's logger: JSON lines on standard output; what could hold secrets or member data is cut out. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    name: service,
    level,
    redact: ['req.headers.authorization', 'req.headers.cookie', 'res.headers["set-cookie"]'],
  });
}

/** Lets NestJS log through pino. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: 'info' | 'warn' | 'error' | 'debug') =>
    (message: unknown, ...rest: unknown[]) => {
      const context = rest.at(-1);
      logger[level](
        { context: typeof context === 'string' ? context : undefined },
        message instanceof Error ? (message.stack ?? message.message) : String(message),
      );
    };
  return { log: at('info'), warn: at('warn'), error: at('error'), debug: at('debug'), verbose: at('debug') };
}
