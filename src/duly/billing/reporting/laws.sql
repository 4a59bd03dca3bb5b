-- The last digits of a number find its document.
create index invoice_number_reversed on invoice (reverse(number) text_pattern_ops) where number is not null;
