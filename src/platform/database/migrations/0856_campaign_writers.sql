-- Everybody who wrote a part of it, from the draft to the last edit: none of them is its second person. Who answers for a
-- key stands for it. Empty in campaigns from before: there the author alone counts.
alter table campaign add column writers text[] not null default '{}';
