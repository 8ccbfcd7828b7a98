import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Passes the error of an event handler unchanged to {@link Delivery}. NestJS's own filter would replace it
 * with "Internal server error", in the log and in the dead letter; a filter for HTTP cannot answer here.
 */
@Catch()
export class HandlerErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
