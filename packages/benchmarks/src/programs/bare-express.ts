import express from 'express';

/** A bare Express route that parses JSON and answers: what any receiver on Express costs at least. */
const app = express();
app.use(express.json());
app.post('/v1/track', (req, res) => {
  res.json({ success: typeof req.body === 'object' });
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
