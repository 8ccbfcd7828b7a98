import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Hands what an event's handler threw to who delivers events, as it was. NestJS's own filter makes "Internal server error" of it,
 * in the log and in the dead letter; a filter for HTTP cannot answer here.
 */
@Catch()
export class HandlerErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
