"""Small tools over strings: HTML to text, sentences, dates, money, working time."""
