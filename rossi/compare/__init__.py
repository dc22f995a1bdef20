"""What differs between two products: numbers by column, keywords, rows."""

from rossi.compare.product import ColumnDifference, KeywordDifference, ProductDifference, compare_products

__all__ = ["ColumnDifference", "KeywordDifference", "ProductDifference", "compare_products"]
