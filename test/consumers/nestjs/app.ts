import 'reflect-metadata';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ArgumentsHost,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpCode,
  Module,
  Post,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Middleware, password, Refusal, sendRefusal, stepgate } from 'stepgate';
import { sqliteStore } from 'stepgate/sqlite';

const auth = stepgate({
  secret: process.env['STEPGATE_SECRET'],
  issuer: 'http://localhost',
  insecureCookies: true,
  store: sqliteStore('app.db'),
  methods: [password({ verify: (_userId, given) => given === 'sesame' })],
  onRefusal: (refusal, _req, _res, next) => next(refusal),
});

/** A guard of stepgate as one of NestJS. */
function guard(middleware: Middleware): CanActivate {
  return {
    canActivate: (context: ExecutionContext) =>
      new Promise((resolve, reject) => {
        const http = context.switchToHttp();
        middleware(http.getRequest(), http.getResponse(), (error?: unknown) =>
          error === undefined ? resolve(true) : reject(error),
        );
      }),
  };
}

@Catch(Refusal)
class RefusalFilter implements ExceptionFilter<Refusal> {
  catch(refusal: Refusal, host: ArgumentsHost): void {
    sendRefusal(host.switchToHttp().getResponse(), refusal);
  }
}

@Controller()
class AppController {
  @Post('login')
  @HttpCode(200)
  async login(
    @Req() req: IncomingMessage,
    @Res({ passthrough: true }) res: ServerResponse,
    @Body() _body: unknown,
  ): Promise<unknown> {
    const { body } = await auth.signIn(req, res, { userId: 'u1', method: 'password' });
    return body;
  }

  @Get('me')
  @UseGuards(guard(auth.requireSession))
  me(@Req() req: IncomingMessage): { userId: string } {
    return { userId: auth.current(req).userId };
  }

  @Post('transfers')
  @HttpCode(200)
  @UseGuards(guard(auth.requireFreshStepUp({ method: 'password', bind: () => ({ cents: 10 }) })))
  transfer(): object {
    return {};
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useGlobalFilters(new RefusalFilter());
app.use('/auth', auth.router());
await app.listen(0);
console.log(app.getHttpServer().address().port);
process.once('SIGTERM', () => void app.close().then(() => auth.close()));
