"""PostgreSQL, Redis and RabbitMQ of our own: free loopback ports, folders of our own, gone at the end."""
