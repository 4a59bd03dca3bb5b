"""What every page is made of: components, charts, lists, and the printing of money and dates."""
