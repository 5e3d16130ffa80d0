"""What is probably wrong with a table: findings, the checks that make them, and the report of all of them."""
