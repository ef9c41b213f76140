"""Building blocks on asyncio. Nothing here knows the domain."""
