-- Indexes that only pages need. The last digits of a number find its document.
create index invoice_number_reversed on invoice (reverse(number) text_pattern_ops) where number is not null;

-- The list of invoices begins with the latest.
create index invoice_issued on invoice (issued_on, id) where state = 'issued';
