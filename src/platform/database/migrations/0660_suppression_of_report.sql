-- What makes an address rest may be learned by two processes at the same moment, and is written down once.
delete from suppression later using suppression first
where later.source like 'report:%' and later.source = first.source and later.address = first.address
  and later.id > first.id;
create unique index suppression_of_report on suppression (source, address) where source like 'report:%';
