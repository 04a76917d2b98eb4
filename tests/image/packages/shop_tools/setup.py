from setuptools import setup

setup(name="shop-tools", version="1.0", py_modules=["shop_tools"])
