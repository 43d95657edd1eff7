// Compiled only: what `import 'stepgate/express'` makes of `req.auth`, by the guards of the route.
import express from 'express';
import { type GuardRequest, memoryStore, password, type RequestAuth, type SessionAuth, stepgate } from 'stepgate';
import 'stepgate/express';

const { requireSession, requireFreshStepUp, requireEnrolmentProof, checkFreshStepUp } = stepgate({
  secret: process.env['STEPGATE_SECRET'],
  issuer: 'https://app.example',
  store: memoryStore(),
  methods: [password({ verify: () => true })],
});

/** Whether each of two types is assignable to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
function same<A, B>(_isSame: Same<A, B>): void {}

interface Transfer {
  readonly to: string;
  readonly cents: number;
}

const app = express();

app.get('/unguarded', (req, res) => {
  same<typeof req.auth, RequestAuth | null | undefined>(true);
  res.end();
});
app.get('/:id', requireSession, (req, res) => {
  same<typeof req.auth, SessionAuth>(true);
  res.locals['seen'] = req.params.id.length;
  res.json(req.auth.session.id);
});
app.get('/optional', requireSession({ optional: true }), (req) => {
  same<typeof req.auth, SessionAuth | null>(true);
});
app.get('/machine', requireSession({ apiKeys: true }), (req) => {
  same<typeof req.auth, RequestAuth>(true);
});
app.get('/both', requireSession({ apiKeys: true, optional: true }), (req) => {
  same<typeof req.auth, RequestAuth | null>(true);
});
app.get('/said', requireSession({ passive: true, optional: false }), (req) => {
  same<typeof req.auth, SessionAuth>(true);
});
app.get('/unsaid', requireSession({ optional: Boolean(process.env['OPEN']) }), (req) => {
  same<typeof req.auth, SessionAuth | null>(true);
});
app.post('/methods', requireEnrolmentProof, (req) => {
  same<typeof req.auth, SessionAuth>(true);
});
app.post('/role', requireFreshStepUp({ method: 'password', maxAge: '5m' }), (req) => {
  same<typeof req.auth, SessionAuth>(true);
  // @ts-expect-error a rule that isn't for one request confirms none
  void req.auth.action.payload;
});

/** What `bind` gives is what the handler has, and what `summary` puts into words. */
const confirmed = requireFreshStepUp({
  method: 'password',
  bind: ({ body }): Transfer => ({ to: String(body['to']), cents: Number(body['cents']) }),
  summary: ({ to, cents }) => `${cents.toFixed(0)} to ${to.trim()}`,
});
app.post('/:account/transfers', confirmed, (req, res) => {
  same<typeof req.auth.action.payload, Transfer>(true);
  // @ts-expect-error nothing else is confirmed
  void req.auth.action.payload.iban;
  res.json([req.params.account, req.auth.action.payload.cents.toFixed(2)]);
});
app.post('/later', requireSession, express.json(), confirmed, (req) => {
  same<typeof req.auth.action.payload, Transfer>(true);
});
app.post(
  '/awaited',
  requireFreshStepUp({
    method: 'password',
    bind: async (req: GuardRequest & { readonly tenant: string }) => ({ tenant: req.tenant }),
    // @ts-expect-error nothing else is confirmed
    summary: ({ tenant, to }) => `${tenant} ${String(to)}`,
  }),
  (req) => {
    same<typeof req.auth.action.payload.tenant, string>(true);
  },
);

/** Handlers that say themselves what they take fit behind any guard. */
const handler: express.RequestHandler = (req, res) => void res.json(req.auth?.userId);
app.post('/own', confirmed, handler);
app.post('/own', [requireSession, confirmed], (req: express.Request, res: express.Response) => {
  res.json(req.auth?.action?.payload);
});
app.post('/:id', confirmed, (req: express.Request<{ readonly id: string }>, res: express.Response) => {
  res.json([req.params.id, req.auth?.userId]);
});
interface Locals extends Record<string, unknown> {
  user: string;
}
app.post('/own', confirmed, (_req, res: express.Response<unknown, Locals>) => void res.json(res.locals.user.trim()));

export async function withoutMiddleware(req: express.Request): Promise<void> {
  const check = checkFreshStepUp({ method: 'password', bind: () => ({ cents: 1 }) });
  const { action, session } = await check(req);
  same<typeof action.payload, { cents: number }>(true);
  same<typeof session.id, string>(true);
  const auth = await checkFreshStepUp({ method: 'password', maxAge: '5m' })(req);
  same<typeof auth, SessionAuth>(true);
}
