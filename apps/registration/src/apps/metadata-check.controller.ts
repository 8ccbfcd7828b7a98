import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { checkedFields } from '../client-metadata/app-metadata.js';

const verdict = z.object({ errors: z.array(z.object({ field: z.string(), message: z.string() })) });

/** Checks metadata without a change. The portal's forms call it while a developer types. */
@ApiTags('apps')
@Controller('api/app-metadata/check')
export class MetadataCheckController {
  @Post()
  @HttpCode(200)
  @ApiCall({
    summary: 'Check client metadata without saving it; the answer names each member at fault',
    body: checkedFields,
    answer: verdict,
    open: true,
  })
  check(@Body() body: unknown): z.infer<typeof verdict> {
    const { error } = checkedFields.safeParse(body ?? {});
    return {
      errors: (error?.issues ?? []).map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
    };
  }
}
