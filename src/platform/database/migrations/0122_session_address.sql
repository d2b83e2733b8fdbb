-- As the sign-in provider has verified it: where mail is real, a test goes to nobody but whoever asks for it. Gone with
-- the session.
alter table session add column address text;
