-- The place in a trace (W3C traceparent) from which the sending of a dispatch goes on, hours later and in other
-- processes: jobs carry ids only. Null while nothing is traced. No default, so no table is rewritten.
alter table dispatch add column trace_parent text;
